/*
 * Preloaded (`--import`) into a process of the tests: its machine's clock is CLOCK_SKEW_MS ahead. Monotonic time is as it is,
 * as on a machine whose clock was set.
 */
const skewMs = Number(process.env['CLOCK_SKEW_MS']);
const MachineDate = Date;

globalThis.Date = class Date extends MachineDate {
  static now() {
    return MachineDate.now() + skewMs;
  }

  constructor(...parts) {
    if (parts.length === 0) super(MachineDate.now() + skewMs);
    else super(...parts);
  }
};
