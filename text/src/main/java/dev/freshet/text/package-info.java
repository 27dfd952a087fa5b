/** */
@NullMarked
package dev.freshet.text;

import org.jspecify.annotations.NullMarked;
