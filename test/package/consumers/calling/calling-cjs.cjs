'use strict'

require('./calling.cjs').main((specifier) => Promise.resolve(require(specifier)))
