package dev.freshet.lab.engine;

import java.net.URI;
import java.util.Optional;

/**
 * A server under test.
 *
 * @param name in tables and as key in JSON
 * @param data root URL of the listener for completions
 * @param metrics root URL of the listener with the metrics of a Freshet server, if it is known
 * @param process its process, if it is known, which is stopped while another server is measured
 */
public record MeasuredServer(
    String name, URI data, Optional<URI> metrics, Optional<ProcessHandle> process) {}
