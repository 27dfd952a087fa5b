/** */
@NullMarked
package dev.freshet.lab;

import org.jspecify.annotations.NullMarked;
