// Loaded before a program that uses the packed library: what takes a second or longer takes 20 times as long, so that no
// deadline passes because the machine is busy.
const { setTimeout } = globalThis
const FACTOR = 20
const LONGEST = 2 ** 31 - 1

globalThis.setTimeout = (callback, delay, ...args) =>
  setTimeout(callback, delay >= 1000 ? Math.min(delay * FACTOR, LONGEST) : delay, ...args)
