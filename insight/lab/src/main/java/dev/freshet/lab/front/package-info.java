/** What many streams cost a server's front, and how its admin lane fares beside them. */
@NullMarked
package dev.freshet.lab.front;

import org.jspecify.annotations.NullMarked;
