"""What a fault does to an HTTP answer, whichever cloud gave it."""
import json
import socket
import struct

from werkzeug.wrappers import Response

HTML = '<!doctype html><html><head><title>SANDBOX</title></head><body><h1>系统维护中</h1></body></html>'
GATEWAY = '<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>SANDBOX</body></html>'
ECHOED_FIRST = ('Authorization', 'Access-Token', 'Content-Type')
STATUS_TEXT = {429: 'Too Many Requests', 500: 'Internal Server Error', 502: 'Bad Gateway',
               503: 'Service Unavailable', 504: 'Gateway Time-out'}


def spoil(fault, body, environ, too_fast):
    """The response a wire fault makes of `body` (the JSON the cloud would have sent).

    `too_fast` is how the cloud says that it is called too often.
    """
    params = fault.params
    if fault.kind in ('drop', 'late'):
        return Drop(params.get('reset', False))
    if fault.kind == 'http_500':
        return _status(params.get('status', 500))
    if fault.kind == 'http_status':
        return _status(params.get('status', 502))
    if fault.kind == 'rate_limited':
        headers = {'Retry-After': str(params['retry_after'])} if 'retry_after' in params else {}
        return Response(too_fast, params.get('status', 429), headers,
                        content_type='application/json;charset=UTF-8')
    if fault.kind == 'html':
        return Response(params.get('text', HTML), content_type='text/html;charset=UTF-8')
    if fault.kind == 'empty':
        return Response(b'', content_type='application/json;charset=UTF-8')
    if fault.kind == 'half_json':
        # Half of the bytes: may well end inside a Chinese character.
        return Response(body[:len(body) // 2], content_type='application/json;charset=UTF-8')
    if fault.kind == 'cut':
        return _cut(body, environ)
    if fault.kind == 'huge':
        return _huge(params.get('megabytes', 21), params.get('announce', False))
    if fault.kind == 'wrong_type':
        return Response(body, content_type=params.get('type', 'application/octet-stream'))
    if fault.kind == 'echo':
        return _echo(environ['werkzeug.request'], params.get('status', 200), params.get('page', False))
    return None


KINDS = {'drop', 'http_500', 'http_status', 'rate_limited', 'html', 'empty', 'half_json',
              'cut', 'huge', 'wrong_type', 'echo'}


class Drop:
    """In place of a response: nothing, after the call is over and logged."""
    status_code = 0

    def __init__(self, reset):
        self.reset = reset

    def __call__(self, environ, start_response):
        hang_up(environ, self.reset)


def hang_up(environ, reset=False):
    """Close the caller's connection without an answer; `reset` sends RST instead of FIN."""
    connection = environ.get('werkzeug.socket')
    if connection is not None:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        else:
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    raise ConnectionAbortedError('sandbox: dropped on demand')


def _status(status):
    title = f'{status} {STATUS_TEXT.get(status, "Error")}'
    return Response(GATEWAY.format(title), status, content_type='text/html;charset=UTF-8')


def _cut(body, environ):
    """Promises the whole answer, sends a part, hangs up."""
    def stream():
        yield body[:len(body) // 2]
        hang_up(environ)
    response = Response(stream(), content_type='application/json;charset=UTF-8')
    response.headers['Content-Length'] = str(len(body))
    return response


def _huge(megabytes, announce):
    """Valid JSON with an absurd message, so that only a size cap helps."""
    block = b'x' * 65536
    count = megabytes * 16
    head, tail = b'{"code":200,"msg":"', b'","data":null}'

    def stream():
        yield head
        for _ in range(count):
            yield block
        yield tail
    response = Response(stream(), content_type='application/json;charset=UTF-8')
    if announce:
        response.headers['Content-Length'] = str(len(head) + count * len(block) + len(tail))
    return response


def _echo(request, status, page):
    """All that was asked, as a gateway in debug mode tells it: a page, or any cloud's kind of refusal."""
    asked = [f'{name}: {value}' for name, value in request.headers if name in ECHOED_FIRST]
    asked += [request.get_data(as_text=True), request.full_path]
    asked += [f'{name}: {value}' for name, value in request.headers if name not in ECHOED_FIRST]
    text = '\n'.join(asked)
    if page:
        return Response(f'<html><body><pre>{text}</pre></body></html>', status, content_type='text/html;charset=UTF-8')
    told = {**dict.fromkeys(('code', 'errorCode', 'errcode'), '999'),
            **dict.fromkeys(('msg', 'message', 'description'), text), 'success': False, 'data': None}
    return Response(json.dumps(told, ensure_ascii=False), status, content_type='application/json;charset=UTF-8')
