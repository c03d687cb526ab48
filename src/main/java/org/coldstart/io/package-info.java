/**
 * Plumbing. You need not read this: no cell of a notebook names anything of it.
 *
 * <ul>
 * <li>{@code json}: strict JSON
 * <li>{@code files}: files and folders that are written in full or not at all
 * <li>{@code hub}: the Hugging Face Hub's files and cache
 * <li>{@code rows}: JSON lines, CSV and Parquet
 * <li>{@code safetensors}: named tensors in files
 * <li>{@code config}: config.json and generation_config.json
 * <li>{@code gguf}: llama.cpp's file format
 * <li>{@code checkpoint}: a whole model on the disk
 * <li>{@code torch}: libtorch by way of DJL
 * <li>{@code jinja}: the language of chat templates
 * <li>{@code tokenizer}: tokenizer.json and the native tokenizer
 * </ul>
 */
package org.coldstart.io;
