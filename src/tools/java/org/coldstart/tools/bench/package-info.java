/**
 * Our side of {@code environment/bench}: each command is one process that does one piece of work and leaves its figures
 * in a JSON file, beside a peer's process that does the same.
 */
package org.coldstart.tools.bench;
