/** What a benchmark of lanes measured, as a page and as an image. */
@NullMarked
package dev.freshet.lab.lanes.report;

import org.jspecify.annotations.NullMarked;
