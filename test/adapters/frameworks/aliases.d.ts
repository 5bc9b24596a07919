// Earlier versions, installed under other names and without types. The application code of the tests is the same for
// both versions, so the types of the newer ones apply.
declare module 'express4' {
  import express from 'express'
  export default express
}

declare module 'koa2' {
  import Koa from 'koa'
  export default Koa
}

declare module 'hono-4.8' {
  export { Hono } from 'hono'
}
