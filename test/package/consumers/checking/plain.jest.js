'use strict'

const { check } = require('./check.cjs')
const expected = require('./expected.json')

test('the package works', async () => {
  const packages = {
    root: require('m2m-guard'),
    client: require('m2m-guard/client'),
    express: require('m2m-guard/express'),
    testing: require('m2m-guard/testing'),
  }
  expect(await check(packages)).toEqual(expected)
})
