/** What exchanging a model's weights costs beside decoding, and what it would cost by copying. */
@NullMarked
package dev.freshet.lab.swap;

import org.jspecify.annotations.NullMarked;
