/** Load generators and benchmarks. A server under test is a URL. */
@NullMarked
package dev.freshet.lab;

import org.jspecify.annotations.NullMarked;
