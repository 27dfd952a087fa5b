/**
 * Chat templates: an interpreter of the Jinja that chat templates of Hugging Face checkpoints are
 * written in, with the results of transformers. A template is lexed and parsed once to a tree of
 * nodes, its names are bound to slots, and the tree is evaluated for every prompt. Values and
 * operators are Python's.
 */
@NullMarked
package dev.freshet.text.template;

import org.jspecify.annotations.NullMarked;
