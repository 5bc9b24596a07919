import { main } from './apps.cjs'

await main((specifier) => import(specifier), process.argv.slice(2))
