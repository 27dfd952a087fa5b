/** Charts as SVG and PNG, tables, and self-contained HTML pages. */
@NullMarked
package dev.freshet.plots;

import org.jspecify.annotations.NullMarked;
