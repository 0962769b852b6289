"""The HTTP service: a FastAPI app, and the same app as a Lambda function.

A request passes these modules in this order. Each says what it does and what it leaves to others:

- handler: a Lambda event of a gateway -> an HTTP request. A laptop's server, functions/serve.py, takes its place.
- edge: the limits of the body, security headers, x-request-id, HEAD, the log line, faults.
- capacity: what all requests together may hold, and how slowly a body may come.
- app: the routes, and the headers that only one route sets. diagnosis, signal and uploads: the large ones.
- body: the body -> the files of one record; the limits of multipart.
- workers: the threads that classify.
- negotiation: the Accept header -> the form of the answer. forms: a classification in that form.
- storage: uploads and their results in S3.
- problems: every refusal of a request, and how an error becomes an answer.

settings reads the environment. docs holds the page of /docs and its assets. openapi and schemas describe the routes for
/openapi.json. deferred_models makes the cold start shorter.
"""
