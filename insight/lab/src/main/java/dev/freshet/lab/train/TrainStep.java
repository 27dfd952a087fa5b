package dev.freshet.lab.train;

/**
 * One measured step.
 *
 * @param loss the mean loss of the targets before the step, in nats
 * @param stepMs the step's duration
 * @param cpuMs the processor time of all threads of the process
 * @param peakMb the peak resident memory of the process so far, in MiB
 */
record TrainStep(double loss, double stepMs, double cpuMs, double peakMb) {}
