package org.coldstart.data;

import java.util.Map;
import java.util.function.Supplier;

/**
 * A row as it comes from its source, perhaps not parsed yet.
 *
 * @param source the file it is from, for messages
 * @param number its line or row there, from 1
 * @param values its columns; throws what is wrong with it
 */
public record SourceRow(String source, long number, Supplier<Map<String, Object>> values) {}
