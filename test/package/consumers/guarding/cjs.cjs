'use strict'

const load = (specifier) => {
  const found = require(specifier)
  // Old frameworks export themselves; a bundle made from modules has them under `default`.
  return Promise.resolve(typeof found === 'function' ? { default: found } : found)
}
require('./apps.cjs').main(load, process.argv.slice(2))
