from accounts.models.contactpoint import ContactPoint
from accounts.models.message import Message
from accounts.models.sealedsecret import SealedSecret
from accounts.models.staffrole import StaffRole
from accounts.models.user import User, UserManager

__all__ = ["ContactPoint", "Message", "SealedSecret", "StaffRole", "User", "UserManager"]
