package org.coldstart.io.checkpoint;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;

/**
 * Reads and checks the head of a safetensors file: 8 bytes of length, that many bytes of JSON, then
 * the data without gaps. The limits are those of the reference implementation.
 */
final class SafetensorsHeader {
  static final int MAX_LENGTH = 100_000_000;
  private static final int MAX_DIMENSIONS = 64;

  private record Entry(TensorInfo info, long begin, long end) {}

  private final MappedFile file;

  private SafetensorsHeader(MappedFile file) {
    this.file = file;
  }

  /** The tensors of a file, by name, in the order of the data. */
  static Map<String, StoredTensor> read(MappedFile file) {
    return new SafetensorsHeader(file).read();
  }

  private Map<String, StoredTensor> read() {
    if (file.size() < 8) {
      throw damaged("it has " + file.size() + " bytes, fewer than the length of its header");
    }
    long length = file.slice(0, 8).getLong();
    if (length < 2 || length > MAX_LENGTH || length > file.size() - 8) {
      throw damaged(
          "its header should have "
              + Long.toUnsignedString(length)
              + " bytes; the file has "
              + file.size()
              + ", and headers at most "
              + MAX_LENGTH);
    }
    List<Entry> entries = parse(text((int) length));
    return place(entries, 8 + length);
  }

  private String text(int length) {
    ByteBuffer bytes = file.slice(8, length);
    if (bytes.get(0) != '{') {
      throw damaged("its header does not begin with \"{\"");
    }
    try {
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(bytes);
      return text.toString();
    } catch (CharacterCodingException e) {
      throw damaged("its header is not UTF-8");
    }
  }

  private List<Entry> parse(String text) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    try (JsonReader json = Json.reader(new StringReader(text))) {
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (name.equals("__metadata__")) {
          json.skipValue();
        } else if (entries.put(name, entry(name, json)) != null) {
          throw damaged("tensor \"" + name + "\" stands there twice");
        }
      }
      json.endObject();
      // Reading on past the end is how Gson checks that only white space follows.
      json.peek();
    } catch (EOFException
        | MalformedJsonException
        | IllegalStateException
        | NumberFormatException e) {
      throw damaged("its header is not the JSON expected (" + e.getMessage() + ")");
    } catch (IOException e) {
      throw new CheckpointException("Cannot read " + file.path() + ": " + e.getMessage(), e);
    }
    return new ArrayList<>(entries.values());
  }

  private Entry entry(String name, JsonReader json) throws IOException {
    DType dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    json.beginObject();
    while (json.hasNext()) {
      switch (json.nextName()) {
        case "dtype" -> dtype = dtype(name, json.nextString());
        case "shape" -> shape = numbers(name, json);
        case "data_offsets" -> offsets = numbers(name, json);
        default -> json.skipValue();
      }
    }
    json.endObject();
    if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
      throw damaged("tensor \"" + name + "\" lacks its dtype, shape or two data_offsets");
    }
    return new Entry(new TensorInfo(name, dtype, shape), offsets.get(0), offsets.get(1));
  }

  private DType dtype(String name, String dtype) {
    return DType.ofSafetensors(dtype)
        .orElseThrow(
            () ->
                new CheckpointException(
                    "Tensor \""
                        + name
                        + "\" in "
                        + file.path()
                        + " has the unknown dtype \""
                        + dtype
                        + "\"; use a checkpoint in F32, BF16 or F16."));
  }

  private List<Long> numbers(String name, JsonReader json) throws IOException {
    List<Long> numbers = new ArrayList<>();
    json.beginArray();
    while (json.hasNext()) {
      long number = json.nextLong();
      if (number < 0 || numbers.size() == MAX_DIMENSIONS) {
        throw damaged(
            "tensor \""
                + name
                + "\" has a negative number or too many of them in its shape or"
                + " data_offsets");
      }
      numbers.add(number);
    }
    json.endArray();
    return numbers;
  }

  private Map<String, StoredTensor> place(List<Entry> entries, long start) {
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    long at = 0;
    for (Entry entry : entries) {
      String name = entry.info().name();
      if (entry.begin() != at) {
        throw damaged(
            "tensor \""
                + name
                + "\" begins at byte "
                + entry.begin()
                + " of the data, where "
                + at
                + " was expected: it overlaps the one before, or leaves a gap");
      }
      long bytes = bytes(entry.info());
      if (entry.end() - at != bytes) {
        throw damaged(
            "tensor \""
                + name
                + "\" "
                + entry.info().shape()
                + " in "
                + entry.info().dtype()
                + " takes "
                + bytes
                + " bytes, but its data_offsets say "
                + (entry.end() - at));
      }
      at = entry.end();
      if (at > file.size() - start) {
        throw damaged(
            "tensor \""
                + name
                + "\" ends at byte "
                + at
                + " of the data, but the file has only "
                + (file.size() - start));
      }
      tensors.put(name, new StoredTensor(file, entry.info(), start + entry.begin()));
    }
    if (at != file.size() - start) {
      throw damaged((file.size() - start - at) + " bytes follow the last tensor");
    }
    return Collections.unmodifiableMap(tensors);
  }

  private long bytes(TensorInfo info) {
    try {
      return info.dtype().bytes(info.elements());
    } catch (ArithmeticException e) {
      throw damaged(
          "tensor \""
              + info.name()
              + "\" cannot have the shape "
              + info.shape()
              + " in "
              + info.dtype());
    }
  }

  private CheckpointException damaged(String what) {
    return new CheckpointException(
        file.path()
            + " is no safetensors file, or cut short or damaged: "
            + what
            + ". Download it again.");
  }
}
