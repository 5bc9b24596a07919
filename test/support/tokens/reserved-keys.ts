/**
 * How many keys of the list are used, and whether the RSA keys that are made now come from those that nothing else gets.
 * Files that share modules share it.
 */
export const reservation = { isInstalled: false, isOn: false, taken: 0, used: 0 }

/**
 * Makes keys that outlive a test file, because files share the module that holds them: no issuer of a later file may get
 * the same ones.
 */
export function withReservedKeys<T>(make: () => T): T {
  reservation.isOn = true
  try {
    return make()
  } finally {
    reservation.isOn = false
  }
}
