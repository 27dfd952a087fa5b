/** Talks to one inference server: the admin lane and the streaming client. */
@NullMarked
package dev.freshet.client;

import org.jspecify.annotations.NullMarked;
