/** From bytes to tagged events: finding log files, scanning them, decoding the lines that count. */
@NullMarked
package dev.freshet.analysis.read;

import org.jspecify.annotations.NullMarked;
