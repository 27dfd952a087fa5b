/**
 * The messages that models answer chats with: the text of one is split into reasoning, content and
 * tool calls, as a whole or while it is generated. A syntax of tool calls is one class that
 * implements {@link MessageParser}.
 */
@NullMarked
package dev.freshet.text.message;

import org.jspecify.annotations.NullMarked;
