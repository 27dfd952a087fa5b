/** */
@NullMarked
package dev.freshet.client;

import org.jspecify.annotations.NullMarked;
