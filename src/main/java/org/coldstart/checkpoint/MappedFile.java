package org.coldstart.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A read-only file of any size in memory. One Java buffer holds less than 2 GiB, so the file is mapped, when first
 * touched, in windows that start every GiB and reach almost 2 GiB: a slice of at most 1 GiB always lies in one window.
 */
final class MappedFile implements AutoCloseable {
    static final int MAX_SLICE = 1 << 30;
    private static final long STEP = 1L << 30;

    private final Path path;
    private final FileChannel channel;
    private final long size;
    private final ByteBuffer[] windows;

    private MappedFile(Path path, FileChannel channel, long size) {
        this.path = path;
        this.channel = channel;
        this.size = size;
        this.windows = new ByteBuffer[(int) (size / STEP) + 1];
    }

    static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new CheckpointException(path + " is a folder; a file was expected.");
        }
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            return new MappedFile(path, channel, channel.size());
        } catch (NoSuchFileException e) {
            throw new CheckpointException("There is no file " + path + ".", e);
        } catch (IOException e) {
            throw new CheckpointException("Cannot open " + path + ": " + e.getMessage(), e);
        }
    }

    Path path() {
        return path;
    }

    long size() {
        return size;
    }

    /** A little-endian view of {@code length} bytes from {@code position}; the caller has checked the bounds. */
    ByteBuffer slice(long position, int length) {
        if (position < 0 || length < 0 || length > MAX_SLICE || position > size - length) {
            throw new CheckpointException("Bytes " + position + " to " + (position + length) + " lie outside " + path
                    + ", which has " + size + " bytes.");
        }
        int window = (int) (position / STEP);
        return window(window).slice((int) (position - window * STEP), length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private synchronized ByteBuffer window(int index) {
        if (!channel.isOpen()) {
            throw new CheckpointException(path + " was closed.");
        }
        if (windows[index] == null) {
            long start = index * STEP;
            try {
                windows[index] = channel.map(MapMode.READ_ONLY, start, Math.min(size - start, 2 * STEP - 1));
            } catch (IOException e) {
                throw new CheckpointException("Cannot map " + path + " into memory: " + e.getMessage(), e);
            }
        }
        return windows[index];
    }

    /** Lets go of the file; Java unmaps it when the garbage collector finds the windows. */
    @Override
    public synchronized void close() {
        Arrays.fill(windows, null);
        try {
            channel.close();
        } catch (IOException e) {
            throw new CheckpointException("Cannot close " + path + ": " + e.getMessage(), e);
        }
    }
}
