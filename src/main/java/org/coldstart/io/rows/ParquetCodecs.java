package org.coldstart.io.rows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/** Parquet's codecs, with Java's own gzip in place of Hadoop's, which is not on the class path. */
final class ParquetCodecs extends CodecFactory {
  ParquetCodecs(ParquetConfiguration configuration) {
    super(configuration, 0);
  }

  @Override
  protected BytesDecompressor createDecompressor(CompressionCodecName codec) {
    return codec == CompressionCodecName.GZIP ? new Gunzip() : super.createDecompressor(codec);
  }

  private static final class Gunzip extends BytesDecompressor {
    @Override
    public BytesInput decompress(BytesInput bytes, int size) throws IOException {
      return BytesInput.from(inflate(bytes.toInputStream(), size));
    }

    @Override
    public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int size) throws IOException {
      byte[] compressed = new byte[compressedSize];
      input.get(compressed);
      output.put(inflate(new ByteArrayInputStream(compressed), size));
    }

    private static byte[] inflate(InputStream compressed, int size) throws IOException {
      try (InputStream in = new GZIPInputStream(compressed)) {
        return in.readNBytes(size);
      }
    }

    @Override
    public void release() {
      // holds nothing
    }
  }
}
