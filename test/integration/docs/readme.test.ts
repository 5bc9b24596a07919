import { expect, it } from 'vitest'
import { runBlock } from './programs/run.js'
import { blocksOf } from './programs/support.js'

it('the API and the service of README.md fit: the service lists the orders', async () => {
  const blocks = blocksOf('README.md')
  const api = blocks.find(({ text }) => text.includes("from 'm2m-guard/express'"))
  const caller = blocks.find(({ text }) => text.includes("from 'm2m-guard/client'"))
  const { issuer, urls } = await runBlock(api!)
  const { clientId, clientSecret } = issuer.client
  const { exports } = await runBlock(caller!, issuer, {
    'http://localhost:3000': urls[0]!,
    'process.env.CLIENT_ID!': JSON.stringify(clientId),
    'process.env.CLIENT_SECRET!': JSON.stringify(clientSecret),
  })
  const { listOrders } = exports as { readonly listOrders: () => Promise<unknown> }
  expect(await listOrders()).toEqual({ orders: [], client: clientId })
})
