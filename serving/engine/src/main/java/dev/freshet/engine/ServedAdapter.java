package dev.freshet.engine;

import dev.freshet.model.LoraProducts;
import java.util.OptionalLong;

/**
 * An adapter that requests choose by name. It never changes; a later one of the same name is
 * another adapter. Owned by {@link Adapters}.
 *
 * @param id distinguishes it from all other adapters of the engine, above 0
 * @param listed its name and directory
 * @param version the policy version of its tokens; empty for that of the base model
 */
record ServedAdapter(long id, LoadedAdapter listed, OptionalLong version, LoraProducts products) {}
