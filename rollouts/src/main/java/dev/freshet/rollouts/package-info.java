/** */
@NullMarked
package dev.freshet.rollouts;

import org.jspecify.annotations.NullMarked;
