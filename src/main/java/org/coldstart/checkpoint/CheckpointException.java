package org.coldstart.checkpoint;

/**
 * A checkpoint that cannot be read or written: cut, corrupted, of an unknown kind, or no room on the disk. The message
 * names the file and the tensor or key, and says what to do.
 */
public class CheckpointException extends RuntimeException {
    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
