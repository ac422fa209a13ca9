/**
 * nock, which does nothing until a test wants it. Importing it replaces every socket, `Headers`, `Request` and `Response` of the
 * process, which test files share; what is imported before that ends would extend those for good. So this is imported first.
 */
import nock from "nock";

nock.restore();

export { nock };
