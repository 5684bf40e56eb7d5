// What a signal means to a command that is at work.

/**
 * A second signal ends the process at once, but not one that follows this closely: at Ctrl-C the terminal signals both
 * the command's launcher and this process, and the launcher passes its own on, so one key press arrives twice.
 */
export const SIGNAL_ECHO_MS = 500;
