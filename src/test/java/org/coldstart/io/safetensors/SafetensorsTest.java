package org.coldstart.io.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.coldstart.fixture.Fixtures;
import org.coldstart.fixture.MemoryTensors;
import org.coldstart.io.files.CheckpointException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  @TempDir
  Path folder;

  @Test
  void f32ComesBackToTheBit() {
    // More than one piece of the writer, and every kind of bit pattern but NaN's payloads.
    float[] values = new float[(1 << 20) + 17];
    Random random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(random.nextInt());
    }
    MemoryTensors tensors = new MemoryTensors().with("a.weight", List.of((long) values.length), values)
      .with("scalar", List.of(), 3f)
      .with("matrix ü", List.of(2L, 3L), 1, 2, 3, 4, 5, 6);
    Path file = folder.resolve("new/model.safetensors");
    SafetensorsWriter.write(file, tensors, StoredType.F32);
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertEquals(tensors.tensors(), read.tensors());
      for (String name : tensors.tensors().keySet()) {
        assertArrayEquals(Fixtures.all(tensors, name), Fixtures.all(read, name));
      }
    }
  }

  @Test
  void readsEveryNumberOf16BitsAsTorchDoes() throws Exception {
    byte[] bytes = Files.readAllBytes(Fixtures.path("every_f16.f32"));
    float[] expected = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
    try (SafetensorsFile file = SafetensorsFile.open(Fixtures.path("halves.safetensors"))) {
      assertArrayEquals(expected, Fixtures.all(file, "every_f16"));
      float[] values = Fixtures.all(file, "values");
      float[] bf16 = Fixtures.all(file, "bf16");
      for (int i = 0; i < values.length; i++) {
        float rounded = MemoryTensors.toBf16(values[i]);
        assertTrue(Float.isNaN(rounded) ? Float.isNaN(bf16[i]) : rounded == bf16[i], "value " + i);
      }
    }
  }

  /** An optimizer's state: bytes beside f32, written and read as they are. */
  @Test
  void tensorsOfAnyPlainTypeComeBackAsBytes() {
    byte[] codes = {0, 1, -1, 127, -128};
    TensorSource state = new MemoryTensors() {
      @Override
      public void read(String name, long offset, StoredType as, ByteBuffer into) {
        if (as == StoredType.U8) {
          into.put(codes, (int) offset, into.remaining());
        } else {
          super.read(name, offset, as, into);
        }
      }
    }.with("exp_avg.codes", StoredType.U8, List.of(5L)).with("exp_avg.scale", List.of(2L), 3, 4);
    Path file = folder.resolve("optimizer.safetensors");
    SafetensorsWriter.write(file, state);
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertEquals(state.tensors(), read.tensors());
      ByteBuffer bytes = ByteBuffer.allocate(5);
      read.read("exp_avg.codes", 0, StoredType.U8, bytes);
      assertArrayEquals(codes, bytes.array());
      assertArrayEquals(new float[] {3, 4}, Fixtures.all(read, "exp_avg.scale"));
    }
  }

  @Test
  void theHeaderIsThatOfTransformers() throws Exception {
    Path file = folder.resolve("one.safetensors");
    SafetensorsWriter.write(file, new MemoryTensors().with("x", List.of(2L), 1, -2), StoredType.BF16);
    byte[] bytes = Files.readAllBytes(file);
    String json = "{\"__metadata__\":{\"format\":\"pt\"},\"x\":{\"dtype\":\"BF16\",\"shape\":[2],"
        + "\"data_offsets\":[0,4]}}";
    int length = (json.length() + 7) / 8 * 8;
    assertEquals(length, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong());
    assertEquals(json, new String(bytes, 8, length, StandardCharsets.UTF_8).stripTrailing());
    assertArrayEquals(new byte[] {(byte) 0x80, 0x3f, 0, (byte) 0xc0},
        Arrays.copyOfRange(bytes, 8 + length, bytes.length));
  }

  @Test
  void typesThatCannotBeReadStandInTheWayOfNobody() {
    try (SafetensorsFile file = SafetensorsFile.open(Fixtures.path("halves.safetensors"))) {
      assertEquals(StoredType.I64, file.tensor("longs").dtype());
      CheckpointException e = assertThrows(CheckpointException.class,
          () -> file.read("longs", 0, FloatBuffer.allocate(3)));
      assertTrue(e.getMessage().contains("longs") && e.getMessage().contains("I64"), e.getMessage());
      file.read("values", 3, FloatBuffer.allocate(4));
    }
  }

  @Test
  void onlyWhatSafetensorsHasCanBeWritten() {
    Path file = folder.resolve("q.safetensors");
    CheckpointException e = assertThrows(CheckpointException.class,
        () -> SafetensorsWriter.write(file, new MemoryTensors().with("x", List.of(1L), 1), StoredType.Q8_0));
    assertTrue(e.getMessage().contains("Q8_0"), e.getMessage());
    assertTrue(Files.notExists(file));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"overlap            |"
      + " {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
    "gap                | {'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
    "ends at byte       | {'a':{'dtype':'F32','shape':[3],'data_offsets':[0,12]}}",
    "follow the last    | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}",
    "takes 4 bytes      | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,8]}}",
    "negative           | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,-8]}}",
    "cannot have        |" + " {'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}}",
    "cannot have        |" + " {'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,8]}}",
    "negative           | {'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}",
    "twice              |"
        + " {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}",
    "lacks              | {'a':{'dtype':'F32','data_offsets':[0,8]}}",
    "unknown dtype      | {'a':{'dtype':'F31','shape':[2],'data_offsets':[0,8]}}",
    "JSON               | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} x",
    "JSON               | {'a':{'dtype':'F32','shape':[2.5],'data_offsets':[0,8]}}", "JSON               | {'a':[",
    "begin with         | ['a']"})
  void nonsenseIsNamed(String message, String header) throws Exception {
    Path file = folder.resolve("bad.safetensors");
    byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    Files.write(file,
        ByteBuffer.allocate(8 + json.length + 8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array());
    CheckpointException e = assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().contains("bad.safetensors"), e.getMessage());
  }

  @Test
  void aHeaderLongerThanTheFileOrTheLimitIsRefused() throws Exception {
    for (long length : new long[] {9, 100_000_001, Long.MAX_VALUE, -1, 0}) {
      Path file = Files.write(folder.resolve("length.safetensors"),
          ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length).putLong(0x7d7b).array());
      CheckpointException e = assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file));
      assertTrue(e.getMessage().contains(Long.toUnsignedString(length)), e.getMessage());
    }
  }

  /**
   * One tensor of 2.4 GB, mostly a hole in the file; numbers stand where the windows of the mapping meet.
   */
  @Test
  void filesBeyond2GiBAreRead() throws Exception {
    Assumptions.assumeTrue(System.getProperty("os.name").equals("Linux"), "files with holes are made on Linux only");
    long elements = 600_000_000;
    byte[] json = ("{\"x\":{\"dtype\":\"F32\",\"shape\":[" + elements + "],\"data_offsets\":[0," + 4 * elements + "]}}")
      .getBytes(StandardCharsets.UTF_8);
    Path file = folder.resolve("large.safetensors");
    long start = 8 + json.length;
    long[] places = {0, (1L << 28) - 100, (1L << 29) - 100, elements - 200};
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE,
        StandardOpenOption.SPARSE)) {
      out.write(ByteBuffer.allocate((int) start).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).flip());
      for (long place : places) {
        ByteBuffer numbers = ByteBuffer.allocate(800).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 200; i++) {
          numbers.putFloat(place % 1000 + i);
        }
        out.write(numbers.flip(), start + 4 * place);
      }
    }
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      for (long place : places) {
        FloatBuffer values = FloatBuffer.allocate(200);
        read.read("x", place, values);
        for (int i = 0; i < 200; i++) {
          assertEquals(place % 1000 + i, values.get(i));
        }
      }
    }
  }
}
