'use strict'

const { check } = require('./check.cjs')

check({
  root: require('m2m-guard'),
  client: require('m2m-guard/client'),
  express: require('m2m-guard/express'),
  testing: require('m2m-guard/testing'),
}).then((result) => console.log(JSON.stringify(result)))
