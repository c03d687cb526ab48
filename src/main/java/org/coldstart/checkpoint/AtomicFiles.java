package org.coldstart.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes a file so that it is there in full or not at all: under another name beside it, forced to the disk, then moved
 * over the old one. Whatever goes wrong, the old file stays as it was.
 */
public final class AtomicFiles {
    private AtomicFiles() {}

    /** Something that may throw an {@link IOException}. */
    @FunctionalInterface
    public interface ThrowingConsumer<T> {
        void accept(T value) throws IOException;
    }

    /**
     * Has {@code writer} write a new file and puts it in the place of {@code target}. Missing folders are made.
     *
     * @param writer creates the file whose path it is given
     * @throws CheckpointException if it cannot be written, for want of room for instance; {@code target} is then as before
     */
    public static void write(Path target, ThrowingConsumer<Path> writer) {
        Path folder = target.toAbsolutePath().getParent();
        Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectories(folder);
            writer.accept(temporary);
            force(temporary);
            move(temporary, target);
        } catch (IOException e) {
            throw new CheckpointException("Cannot write " + target + ": " + reason(e) + ". "
                    + (Files.exists(target) ? "The file that was there is intact." : "Nothing was left behind."), e);
        } finally {
            delete(temporary);
        }
    }

    /** Writes a text in UTF-8, as {@link #write} does. */
    public static void writeString(Path target, String text) {
        write(target, temporary -> Files.writeString(temporary, text));
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** After a successful move there is nothing left to delete. */
    private static void delete(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            temporary.toFile().deleteOnExit();
        }
    }

    private static String reason(IOException e) {
        String message = e.getMessage() == null ? "" : e.getMessage();
        if (message.contains("No space left") || message.contains("not enough space")) {
            return "the disk is full (" + message + "); free some room and try again";
        }
        return e.getClass().getSimpleName() + ": " + message;
    }
}
