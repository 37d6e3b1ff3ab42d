declare module 'fs-native-extensions' {
  /**
   * Locks the file for this descriptor alone (OFD lock on Linux, BSD lock on macOS).
   *
   * @returns false when another descriptor, in this or any other process, holds it.
   */
  export function tryLock(fd: number): boolean;
}
