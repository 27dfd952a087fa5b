/** Reports of a benchmark of lanes, as a page and as an image. */
@NullMarked
package dev.freshet.lab.lanes.report;

import org.jspecify.annotations.NullMarked;
