package org.coldstart.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/**
 * Parquet's codecs, with Java's own gzip in place of Hadoop's, which is not among the stand-in
 * classes.
 */
final class GzipCodecs implements CompressionCodecFactory {
  private final CodecFactory others;

  GzipCodecs(ParquetConfiguration configuration) {
    others = new CodecFactory(configuration, 0);
  }

  @Override
  public BytesInputDecompressor getDecompressor(CompressionCodecName codec) {
    return codec == CompressionCodecName.GZIP ? new Gunzip() : others.getDecompressor(codec);
  }

  @Override
  public BytesInputCompressor getCompressor(CompressionCodecName codec) {
    return others.getCompressor(codec);
  }

  @Override
  public void release() {
    others.release();
  }

  private static final class Gunzip implements BytesInputDecompressor {
    @Override
    public BytesInput decompress(BytesInput bytes, int size) throws IOException {
      return BytesInput.from(inflate(bytes.toInputStream(), size));
    }

    @Override
    public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int size)
        throws IOException {
      byte[] compressed = new byte[compressedSize];
      input.get(compressed);
      output.put(inflate(new ByteArrayInputStream(compressed), size));
    }

    @Override
    public void release() {
      // holds nothing
    }

    private static byte[] inflate(InputStream compressed, int size) throws IOException {
      try (InputStream in = new GZIPInputStream(compressed)) {
        return in.readNBytes(size);
      }
    }
  }
}
