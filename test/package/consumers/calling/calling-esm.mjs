import { main } from './calling.cjs'

await main((specifier) => import(specifier))
