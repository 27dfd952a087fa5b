/** */
@NullMarked
package dev.freshet.trainer;

import org.jspecify.annotations.NullMarked;
