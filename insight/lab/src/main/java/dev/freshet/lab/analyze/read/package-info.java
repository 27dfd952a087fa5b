/** From bytes to tagged events: finding log files, scanning them, decoding the lines that count. */
@NullMarked
package dev.freshet.lab.analyze.read;

import org.jspecify.annotations.NullMarked;
