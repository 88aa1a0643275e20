"""金蝶发票助手's socket over raw HTTP, packet by packet; real clients of socket.io are in the tour."""

import json
import threading

from .sandbox_assistant_case import AssistantCase

ELSEWHERE = "http://127.0.0.1:8069"


class SocketCase(AssistantCase):
    version = "3"

    def request(self, method="get", data=None, status=200, origin=ELSEWHERE, **query):
        response = self.http.request(
            method,
            self.server.assistant_url + "/socket.io/",
            data=data,
            headers={"Origin": origin},
            timeout=30,
            params={"EIO": self.version, "transport": "polling", "userId": "k", **query},
        )
        self.assertEqual(response.status_code, status, response.text)
        self.answer = response
        return response.content.decode()

    def connect(self):
        """Open a connection and return its session."""
        hello, connected = self.packets()
        self.assertEqual((hello[0], connected), ("0", "40"))
        return json.loads(hello[1:])["sid"]

    def packets(self, **query):
        text, found = self.request(**query), []
        while text:
            length, _, rest = text.partition(":")
            found.append(rest[: int(length)])
            text = rest[int(length) :]
        return found

    def tell(self, packet, sid):
        self.request("post", f"{len(packet)}:{packet}", sid=sid)

    def event(self, **query):
        (packet,) = self.packets(**query)
        self.assertEqual(packet[:2], "42")
        return json.loads(packet[2:])


class TestSocket(SocketCase):
    def test_a_message_is_pushed_as_the_paper_prints_it(self):
        sid = self.connect()
        (uid,) = self.world.assistant_message("k", "saveBill", {"名": 1})
        name, told = self.event(sid=sid)
        self.assertEqual((name, told["errcode"], told["data"]["msgId"], told["data"]["key"]), ("k", "0000", uid, "k"))
        self.assertEqual(json.loads(told["data"]["data"]), {"type": "saveBill", "data": {"名": 1}})

    def test_until_acknowledged_and_once_a_connection(self):
        (uid,) = self.world.assistant_message("k", "saveBill", {})
        first = self.connect()
        self.event(sid=first)
        self.tell("2", first)
        self.assertEqual(self.packets(sid=first), ["3"], "no event a second time")
        self.event(sid=self.connect())
        self.assertEqual(self.message("k")[0], uid, "a poll brings it as well")
        self.receipt("k", uid)
        last = self.connect()
        self.tell("2", last)
        self.assertEqual(self.packets(sid=last), ["3"])

    def test_other_keys_hear_nothing(self):
        sid = self.connect()
        self.world.assistant_message("another", "saveBill", {})
        self.tell("2probe", sid)
        self.assertEqual(self.packets(sid=sid), ["3probe"])

    def test_waits_for_a_message(self):
        sid, got = self.connect(), []
        waiting = threading.Thread(target=lambda: got.append(self.event(sid=sid)))
        waiting.start()
        self.world.assistant_message("k", "saveBill", {})
        waiting.join(20)
        self.assertEqual([name for name, _told in got], ["k"])

    def test_closed_by_the_caller(self):
        sid = self.connect()
        self.tell("1", sid)
        self.request(sid=sid, status=400)

    def test_what_is_refused(self):
        for query in ({"sid": "x"}, {"transport": "websocket"}, {"EIO": "2"}):
            with self.subTest(query):
                self.request(status=400, **query)

    def test_who_may_listen(self):
        self.connect()
        self.assertEqual(self.answer.headers["Access-Control-Allow-Origin"], ELSEWHERE)
        self.request(origin="https://elsewhere.example", status=403)

    def test_how_the_page_was_told_to_send(self):
        for pushes, heard in (("both", True), ("apart", False)):
            for way in ("socket", "polling"):
                with self.subTest(pushes=pushes, way=way):
                    self.world.set("assistant", pushes=pushes)
                    link = self.link_key()
                    where = {"userKey": self.user_key(), "linkKey": link, "sourceType": way}
                    self.press("index", {"serial": self.ticket(), "import": ""}, **where)
                    sid = json.loads(self.packets(userId=link)[0][1:])["sid"]
                    self.tell("2", sid)
                    is_pushed = any(packet.startswith("42") for packet in self.packets(sid=sid))
                    is_polled = self.poll(link)["errcode"] == "0000"
                    self.assertEqual((is_pushed, is_polled), (heard or way == "socket", heard or way == "polling"))


class TestSocketOfVersion4(SocketCase):
    version = "4"

    def packets(self, **query):
        return self.request(**query).split("\x1e")

    def tell(self, packet, sid):
        self.request("post", packet, sid=sid)

    def connect(self):
        (hello,) = self.packets()
        sid = json.loads(hello[1:])["sid"]
        self.tell("40", sid)
        (connected,) = self.packets(sid=sid)
        self.assertEqual(connected[:2], "40")
        return sid

    def test_a_message_is_pushed(self):
        sid = self.connect()
        (uid,) = self.world.assistant_message("k", "saveBill", {})
        name, told = self.event(sid=sid)
        self.assertEqual((name, told["data"]["msgId"]), ("k", uid))

    def test_nothing_is_pushed_before_the_caller_has_joined(self):
        (hello,) = self.packets()
        sid = json.loads(hello[1:])["sid"]
        self.world.assistant_message("k", "saveBill", {})
        self.tell("40", sid)
        joined, event = self.packets(sid=sid)
        self.assertEqual((joined[:2], event[:2]), ("40", "42"))
