/** */
@NullMarked
package dev.freshet.weights;

import org.jspecify.annotations.NullMarked;
