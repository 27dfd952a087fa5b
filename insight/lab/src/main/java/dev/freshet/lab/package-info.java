/**
 * What is measured and said about runs: distributions, reports and diagnosis. A server under test
 * is a URL; nothing here starts one.
 */
@NullMarked
package dev.freshet.lab;

import org.jspecify.annotations.NullMarked;
