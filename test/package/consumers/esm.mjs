import { main } from './apps.cjs'

const [adapter, name] = process.argv.slice(2)
await main((specifier) => import(specifier), adapter, name)
