/**
 * What reports are made of: a page that needs nothing else, tables, and plots as SVG and as PNG.
 */
@NullMarked
package dev.freshet.lab.report;

import org.jspecify.annotations.NullMarked;
