package dev.freshet.engine;

import java.nio.file.Path;

/**
 * An adapter (LoRA) that completions may choose.
 *
 * @param name the name by which requests choose it
 * @param dir the directory that it was loaded from
 */
public record LoadedAdapter(String name, Path dir) {}
