/** Measures the HTTP front of a server: the cost of many streams, and the admin lane meanwhile. */
@NullMarked
package dev.freshet.lab.front;

import org.jspecify.annotations.NullMarked;
