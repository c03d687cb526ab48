/** Reads files of rows, JSON, CSV and Parquet, and knows which of them make up a split. */
package org.coldstart.io.rows;
